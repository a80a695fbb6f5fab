/** The numbers that Linux knows a device node by, of what `stat` tells as its rdev. */
export const deviceNumbers = (rdev: number): { readonly major: number; readonly minor: number } =>
  ({ major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) })
