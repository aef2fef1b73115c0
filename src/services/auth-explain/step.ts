/** One thing that was looked at. */
export interface ExplainStep {
  /** What was looked at: `name`, `authuserdb`, `home`, … */
  readonly step: string
  readonly outcome: 'ok' | 'note' | 'warning' | 'problem'
  /** For people; holds no secret. */
  readonly text: string
  /** Milliseconds that it took; undefined when nothing was waited for. */
  readonly ms?: number
}

/** Everything about a login name. */
export interface Explanation {
  /** As typed. */
  readonly user: string
  /** In full. */
  readonly name: string
  readonly service: string
  readonly steps: readonly ExplainStep[]
  /** What the server would do. */
  readonly verdict: string
  /** A login with the right password would succeed. */
  readonly succeeds: boolean
}
