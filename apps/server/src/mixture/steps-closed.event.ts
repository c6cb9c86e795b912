/** Something of a run waits to be folded. It carries no data: whoever hears it asks the desk. */
export class StepsClosed {
  constructor(readonly run: string) {}
}
