import type { Ask } from '@kubeskiff/core/api'
import type { Post } from '@kubeskiff/core/server'
import type { ExtenderPost } from '@kubeskiff/core/scheduler'
import { postToExtender } from './extender.ts'
import type { Poster } from './post.ts'

export { createPoster, type Poster, type PosterOptions } from './post.ts'

/** Answers what is asked of webhooks and of the scheduler's extenders, and all else as `answer` does. */
export const withPosts = (poster: Poster, answer: (ask: Ask) => Promise<unknown>) => (ask: Ask): Promise<unknown> =>
  (ask.what === 'webhook' || ask.what === 'convert' ? poster.post(ask.input as Post) : ask.what === 'extender' ? postToExtender(ask.input as ExtenderPost) : answer(ask))
