/** Version of the studio, as exports name it; the same as in package.json. */
export const STUDIO_VERSION = '0.2.0';
