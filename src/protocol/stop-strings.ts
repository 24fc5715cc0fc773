/** The texts that a setting writes: one as it is, or a JSON list of them; none where the list cannot be read. Pure. */
export function stopStringsOf(setting: string): readonly string[] {
  if (setting.trim() === '') return [];
  if (!setting.trim().startsWith('[')) return [setting];
  try {
    const read: unknown = JSON.parse(setting);
    return Array.isArray(read) && read.every((item) => typeof item === 'string' && item !== '') ? read : [];
  } catch {
    return [];
  }
}
