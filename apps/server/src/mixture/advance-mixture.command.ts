import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs'
import { Desks } from './desks.js'

/** Fold what waits for a run, decide, and commit. Carries the run's id only; the desk and the ledger know the rest. */
export class AdvanceMixture extends Command<void> {
  constructor(readonly run: string) {
    super()
  }
}

@CommandHandler(AdvanceMixture)
export class AdvanceMixtureHandler implements ICommandHandler<AdvanceMixture> {
  constructor(private readonly desks: Desks) {}

  async execute({ run }: AdvanceMixture): Promise<void> {
    await this.desks.advance(run)
  }
}
