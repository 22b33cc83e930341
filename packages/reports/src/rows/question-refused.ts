/** A question that a trial cannot answer: the message says why, and what can be asked. */
export class QuestionRefused extends Error {
  readonly code = 'HF_QUESTION_REFUSED';
  override readonly name = 'QuestionRefused';
}
