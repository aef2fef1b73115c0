/**
 * How many times as long a test, or a file of tests, may take before it counts as hanging (`COURIER_TEST_PATIENCE`): for machines that are
 * slower than those the limits were made on. What a test says of times stays as it is.
 */
export const PATIENCE = Number(process.env.COURIER_TEST_PATIENCE ?? 1)
