import type { Guide } from '../policy.js'

/** The page of the policy `agent`. */
export const agentGuide: Guide = {
  avoidWhen:
    'There is no agent that was trained for these domains and evaluations: K is not inferred, names must match one to one. A rule that reads losses (ODM, ADO, DoReMi) needs no training, reacts between evaluations, and says why; an agent says only what. Runs that evaluate rarely get few decisions.',
  mathematics: [
    'A complete evaluation (every number that the manifest names under `feedback`, in one message or in several of the same step) adds an entry to the history: the mixture the run had taken on before that step, and the numbers. The newest `history` entries are kept.',
    'The question: distributions[t] = the mixture of entry t in the order of the manifest; feedback[t][m] = (number − mean) / scale; progress = share of the declared horizon, by tokens where it has them and by steps otherwise.',
    'The answer comes as advice, a fact in the log of the run: K numbers in the order of the manifest. logits: d = softmax(numbers). distribution: all finite, none negative, |Σ − 1| < 0.001; d = numbers / Σ.',
    'f = (1 − K·floor)·d + floor.',
    'w = f, or where ½ Σ|f − current| = v exceeds `largestTotalVariation` c: w = current + (c / v)·(f − current).',
    'One decision an answer: after it, or after anybody else set the mixture, the policy holds until the next evaluation is answered. What is wrong with an answer, or why there is none, is the reason it holds for.',
  ],
  cost: 'A step costs nothing, or a sum over K tokens where progress or the pace is counted in them. An entry, a question, an answer and a decision cost O(history · (K + M)) once an evaluation, M being the numbers of feedback; the model runs elsewhere. The state is history · (K + M) numbers.',
  absentDomains:
    'It makes no difference who was in a step. An evaluation that lacks a number is no entry; the rest of the same step may still bring it.',
  differences: [
    'The paper’s code and weights are not published: states, actions and training (random and heuristic trajectories, supervised warm start, conservative Q-learning) follow its abstract; the contract with the model, the manifest, and what happens to a bad answer are ours.',
    'The paper rewards and observes benchmark scores of a source and a target field; here feedback is any named scores and held-out losses.',
    'The run’s order of domains may differ from the manifest’s: names decide.',
    'A replay never runs the model: it finds the answers in the log. A replay of another agent than the one that was asked therefore only holds.',
    'The first complete evaluation of a step counts; one of the same step or an earlier one is left out.',
  ],
}
