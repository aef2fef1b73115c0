declare const brand: unique symbol

/** A value of type `T` that must not be mixed with others of the same shape. */
export type Brand<T, Name> = T & {readonly [brand]: Name}
