const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Whether what an adapter says of itself names a software adapter: right numbers, low speed, dear barriers. */
export const namesSoftware = (words: readonly string[]): boolean => SOFTWARE.test(words.join(' '));
