/** Tables of `session/migrations`. */
export interface SessionTables {
  sign_in_token: { hash: string; expires_ms: number; name: string };
  session: { hash: string; created_ms: number; used_ms: number; name: string };
}
