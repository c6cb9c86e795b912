import type { Rule } from '../rules.js'

/** What a server must get right. */
export const serverRules = [
  {
    id: 'start.mixture',
    level: 'must',
    sentence:
      'run.started is answered with version 1, for steps from 0 on: the mixture of the start, or what the policy makes of it.',
    todo: 'send a first mixture.set for every run that starts',
    section: 'the-loop',
  },
  {
    id: 'start.refused',
    level: 'must',
    sentence:
      'A run whose policy does not exist is refused in a sentence: a dead letter on Kafka, 422 over HTTP; it gets no mixture.',
    todo: 'judge run.started before anything is decided',
    section: 'the-loop',
  },
  {
    id: 'command.schema',
    level: 'must',
    sentence: 'Every command is as the JSON Schema of mixture.set says.',
    todo: 'correct the field',
    section: 'reading-commands',
  },
  {
    id: 'command.headers',
    level: 'must',
    sentence:
      'A command has `ce_id`, `ce_type`, `ce_source` and `ce_specversion: 1.0`, and one id stands for one command.',
    todo: 'send all CloudEvents headers, with an id derived from the decision',
    section: 'reading-commands',
  },
  {
    id: 'command.key',
    level: 'must',
    sentence: 'The key of a command is its run.',
    todo: 'use the run as the key: the topic is compacted by it',
    section: 'partitioning',
  },
  {
    id: 'command.partition',
    level: 'must',
    sentence: 'A command lies in the partition that murmur2 gives its run.',
    todo: 'use the murmur2 partitioner: trainers read that partition only',
    section: 'partitioning',
  },
  {
    id: 'command.domains',
    level: 'must',
    sentence: 'A command names the domains of the run, in the order of its start.',
    todo: 'send the domains as they were declared',
    section: 'reading-commands',
  },
  {
    id: 'command.simplex',
    level: 'must',
    sentence: 'Weights are finite, not negative, and sum to 1 within 1e-12.',
    todo: 'project the weights onto the simplex before they are sent',
    section: 'reading-commands',
  },
  {
    id: 'command.version',
    level: 'must',
    sentence: 'Versions of a run rise by one; a version that is sent again says the same.',
    todo: 'count versions in the run, over attempts',
    section: 'reading-commands',
  },
  {
    id: 'command.from-step',
    level: 'must',
    sentence: '`fromStep` lies after `decidedAtStep`: no mixture is for a step it was decided from.',
    todo: 'let a mixture begin with the step after the last one it saw',
    section: 'applying',
  },
  {
    id: 'command.opened-by',
    level: 'must',
    sentence:
      '`openedBy` is the id of the event that opened the attempt, so that a second process with the same run can tell.',
    todo: 'keep the id of run.started and run.resumed, and send it with every command of the attempt',
    section: 'opened-by',
  },
  {
    id: 'decisions.cadence',
    level: 'must',
    sentence: 'A policy that moves decides once every `cadence` closed steps.',
    todo: 'ask the policy whenever `cadence` steps have closed',
    section: 'the-loop',
  },
  {
    id: 'decisions.same',
    level: 'must',
    sentence: 'The same reports give the same weights, to the bit, whatever the run is called.',
    todo: 'let nothing but the log decide: no clock, no arrival, no chance without a seed',
    section: 'ids',
  },
  {
    id: 'duplicates.ignored',
    level: 'must',
    sentence: 'A report that comes twice, or again under another id with other numbers, changes nothing.',
    todo: 'count the first report of (run, attempt, step, rank) only',
    section: 'ids',
  },
  {
    id: 'order.ranks',
    level: 'must',
    sentence: 'The order in which ranks and steps arrive changes nothing.',
    todo: 'fold ranks in rank order and steps in step order',
    section: 'ranks',
  },
  {
    id: 'late.ignored',
    level: 'must',
    sentence:
      'A step closes without its missing rank once a step `lateness` ahead is seen; what comes later is no evidence.',
    todo: 'close steps by the newest step in the log, never by the clock',
    section: 'ranks',
  },
  {
    id: 'null.absent',
    level: 'must',
    sentence: 'A loss of null makes its domain absent for the step, and the run goes on.',
    todo: 'leave the domain out of the evidence of the step',
    section: 'sums-not-means',
  },
  {
    id: 'fields.unknown',
    level: 'must',
    sentence: 'Unknown fields are ignored.',
    todo: 'check the fields you know only',
    section: 'events',
  },
  {
    id: 'mode.structured',
    level: 'must',
    sentence: 'Events in structured mode are taken like those in binary mode.',
    todo: 'open values with content-type application/cloudevents+json',
    section: 'events',
  },
  {
    id: 'batches.compressed',
    level: 'must',
    sentence: 'Batches compressed with gzip, snappy and lz4 are taken.',
    todo: 'register the codecs of your Kafka client',
    section: 'events',
  },
  {
    id: 'poison.dead-letter',
    level: 'must',
    sentence:
      'What cannot be used goes to the dead letters: its bytes as they came, where it came from, and why.',
    todo: 'send the original value with the headers `mixdesk-topic`, `-partition`, `-offset` and `-because`',
    section: 'events',
  },
  {
    id: 'poison.goes-on',
    level: 'must',
    sentence: 'Poison does not hold up the partition, nor change a decision.',
    todo: 'go on with the next message once the dead letter is written',
    section: 'events',
  },
  {
    id: 'resume.mixture',
    level: 'must',
    sentence:
      'run.resumed is answered with the next version, for the new attempt, with the weights of the step resumed from.',
    todo: 'go back to what was known at that step, and issue its mixture again',
    section: 'resume',
  },
  {
    id: 'resume.decisions',
    level: 'must',
    sentence:
      'A resumed run decides as if it had never been interrupted; late words of the attempt before change nothing.',
    todo: 'restore the state of the policy, and ignore events of attempts that are over',
    section: 'resume',
  },
  {
    id: 'finish.quiet',
    level: 'must',
    sentence: 'After run.finished no mixture is sent, whatever else is reported.',
    todo: 'decide nothing for runs that are over',
    section: 'finishing',
  },
  {
    id: 'http.accepted',
    level: 'must',
    sentence: 'POST /v1/events takes one event or a batch, and answers 202 with their number.',
    todo: 'answer { accepted } once the log has them all',
    section: 'curl',
  },
  {
    id: 'http.same',
    level: 'must',
    sentence: 'Events that come over HTTP lead to the same decisions as those that come over Kafka.',
    todo: 'put them into the same log, with the same keys',
    section: 'curl',
  },
  {
    id: 'http.all-or-none',
    level: 'must',
    sentence: 'Of a batch with a fault nothing is taken; the answer is 422 and names the event.',
    todo: 'check the whole batch before the first event is written',
    section: 'curl',
  },
  {
    id: 'http.problem',
    level: 'must',
    sentence:
      'Errors are problem documents: application/problem+json with title, status and a sentence in `detail`.',
    todo: 'answer errors as RFC 9457 says',
    section: 'curl',
  },
  {
    id: 'http.mixture',
    level: 'must',
    sentence: 'GET /v1/runs/{run}/mixture gives the newest command, as Kafka has it.',
    todo: 'answer with the newest mixture.set',
    section: 'curl',
  },
  {
    id: 'http.nothing-newer',
    level: 'must',
    sentence: 'With `after` of the newest version and no `wait` the answer is 204, without a body.',
    todo: 'answer 204 where there is nothing newer',
    section: 'curl',
  },
  {
    id: 'http.long-poll',
    level: 'must',
    sentence: 'A poll with `wait` is held until there is something newer, and answered with that.',
    todo: 'hold the request until the next decision or the end of the wait',
    section: 'curl',
  },
  {
    id: 'http.log',
    level: 'should',
    sentence: 'Events that come over HTTP lie in the log with their run as the key, and keep their ids.',
    todo: 'write them as a Kafka trainer would',
    section: 'curl',
  },
] as const satisfies readonly Rule[]

export type ServerRuleId = (typeof serverRules)[number]['id']
