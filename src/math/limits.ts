/** The most that features of clips take of what the browser grants the page, as a share; the rest is for runs and models. */
export const FEATURE_SHARE = 0.5;
