/** What a command has added to an account's quota, so that a failure can take it back. */
export interface QuotaCharge {
  takeBack(): Promise<void>
}

/** For what does not count: no quota, `.Trash`, messages with \Deleted. */
export const NO_CHARGE: QuotaCharge = {takeBack: async () => {}}
