// @ts-check
// Loaded into every command ahead of its bundle (node --import): the command ends when its launcher does, however that ended (why: D-077).
// A browser that the command drives ends with the command, since their line to one another breaks.

/** The launcher's end of the channel closes with its process. */
process.on('disconnect', () => process.exit(1));
// It is no reason to stay.
process.channel?.unref();
