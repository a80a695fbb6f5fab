/** How this command was called, to be called again: an npx that fetched it has put no `skiff` on the path. */
export const commandName = process.env['npm_lifecycle_event'] === 'npx' ? 'npx kubeskiff' : 'skiff'
