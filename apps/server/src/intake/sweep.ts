import { Inject, Injectable, Logger } from '@nestjs/common'
import { CommandBus } from '@nestjs/cqrs'
import type { Config } from '../config.js'
import { AdvanceMixture } from '../mixture/advance-mixture.command.js'
import { Desks } from '../mixture/desks.js'
import { CONFIG } from '../platform/tokens.js'
import { Intake } from './intake.js'

/** Looks, every now and then, for work that nobody rang for: slower than the sagas, and enough without them. */
@Injectable()
export class Sweep {
  private readonly logger = new Logger('sweep')
  private timer: NodeJS.Timeout | undefined
  private sweeping: Promise<void> | undefined

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly commands: CommandBus,
    private readonly desks: Desks,
    private readonly intake: Intake,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined))
    }, this.config.MIXDESK_SWEEP_EVERY_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.sweeping
  }

  /** One round; also the last thing done before the partitions are given back. */
  async sweep(options: { readonly saveAll?: boolean } = {}): Promise<void> {
    const { ring, save } = this.desks.sweep()
    // Not awaited together with the rest: one run that waits for its history must not hold up the offsets of all others.
    for (const run of ring)
      void this.commands.execute(new AdvanceMixture(run)).catch((error: unknown) => this.failed(run, error))
    const saving = options.saveAll === true ? this.desks.unsaved() : save
    await Promise.allSettled(
      saving.map((run) =>
        this.desks.advance(run, { save: true }).catch((error: unknown) => this.failed(run, error)),
      ),
    )
    await this.intake.commitOffsets()
  }

  private failed(run: string, error: unknown): void {
    this.logger.error(`${run}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}
