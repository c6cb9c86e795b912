import { Injectable } from '@nestjs/common'
import { Saga, ofType, type ICommand, type IEvent } from '@nestjs/cqrs'
import { asapScheduler, auditTime, debounceTime, groupBy, map, mergeMap, retry, type Observable } from 'rxjs'
import { AdvanceMixture } from './advance-mixture.command.js'
import { StepsClosed } from './steps-closed.event.js'

/** How long a quiet run keeps its group. */
const forgetAfterMs = 60_000

/**
 * The saga rings, the ledger answers: "something closed for run R" becomes "advance R", once for all that closed in the
 * same breath. It holds no state; without it the sweep does the same, later.
 */
@Injectable()
export class MixtureSaga {
  @Saga()
  advance = (events$: Observable<IEvent>): Observable<ICommand> =>
    events$.pipe(
      ofType(StepsClosed),
      groupBy((event) => event.run, { duration: (run$) => run$.pipe(debounceTime(forgetAfterMs)) }),
      mergeMap((run$) => run$.pipe(auditTime(0, asapScheduler))),
      map((event) => new AdvanceMixture(event.run)),
      retry({ delay: 100 }),
    )
}
