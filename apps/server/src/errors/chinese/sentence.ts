/** A sentence in English, with `{}` for what differs, and in Chinese, with `{1}`, `{2}`, … for the same in its own order. */
export type Sentence = readonly [english: string, chinese: string];
