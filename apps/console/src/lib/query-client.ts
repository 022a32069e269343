import { QueryCache, QueryClient } from "@tanstack/react-query";
import { FailureKind, failureFrom, isWorthRetrying } from "./failure.ts";

/**
 * The cache of everything the server said.
 *
 * Polls pause in hidden tabs and keep the last data when they fail, so that a page can show it with its age.
 *
 * @param onSignedOut called when the server says that the session is over
 */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (failureFrom(error).kind === FailureKind.SignedOut) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        // "Online" of the browser says nothing about a server on the same machine.
        networkMode: "always",
        retry: (count, error) => count < 1 && isWorthRetrying(error),
        retryDelay: 600,
        staleTime: 1000,
        refetchOnWindowFocus: true,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
