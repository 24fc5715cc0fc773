/** Which files are clips by the ends of their names: the one list for page, data and commands. */
const VIDEO = ['mp4', 'm4v', 'mov', 'webm', 'mkv', 'avi', 'ts', 'mts', 'm2ts', '3gp', '3g2', 'gif'];
const SOUND = ['wav', 'mp3', 'm4a', 'aac', 'ogg', 'oga', 'opus', 'flac'];
const PICTURE = ['jpg', 'jpeg', 'png', 'webp', 'bmp', 'avif'];
/** Pictures, sound and videos that neither browsers nor the decoder read. */
const UNREAD = new Set([
  ...['flv', 'wmv', 'asf', 'mpg', 'mpeg', 'vob', 'rm', 'rmvb', 'ogv', 'mxf', 'dv', 'divx'],
  ...['wma', 'amr', 'aiff', 'aif', 'au', 'caf', 'sph', 'heic', 'heif', 'tif', 'tiff'],
]);
/** Clips by their name that the decoder cannot open. */
const UNDECODED = new Set(['avi']);
const CLIP = new Set([...VIDEO, ...SOUND, ...PICTURE]);

/** In lower case, without the dot; '' for none, and for a name that begins with its only dot. */
function ending(path: string): string {
  const dot = path.lastIndexOf('.');
  if (dot < 1 || isSlash(path[dot - 1]) || path.indexOf('/', dot) >= 0 || path.indexOf('\\', dot) >= 0)
    return '';
  return path.slice(dot + 1).toLowerCase();
}

const isSlash = (sign: string | undefined): boolean => sign === '/' || sign === '\\';

export const isVideo = (path: string): boolean => VIDEO.includes(ending(path));

export const isImage = (path: string): boolean => PICTURE.includes(ending(path));

/** A file that can be a clip by itself: video, sound, or one picture. */
export const isMedia = (path: string): boolean => CLIP.has(ending(path));

/** A picture, sound or video of a type that is not read: it has to be converted. */
export const isUnreadMedia = (path: string): boolean => UNREAD.has(ending(path)) || isUndecoded(path);

/** A clip whose rows are read, and which has to be converted all the same. */
export const isUndecoded = (path: string): boolean => UNDECODED.has(ending(path));
