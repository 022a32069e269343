import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Api } from "../../lib/api.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { type MapSearch, mapSpan, mapTimes } from "./map-search.ts";

/** Who calls whom; asks again for as long as the range ends now. */
export function serviceMapQuery(api: Api, search: MapSearch) {
  // Who looks at another part of the diagram asks for nothing else.
  const { view: _, ...asked } = search;
  return queryOptions({
    queryKey: ["service map", asked],
    queryFn: ({ signal }) =>
      api.request.getServiceMap(
        {
          ...mapTimes(search, serverNow()),
          service: search.service ?? "",
          failedOnly: search.failed ?? false,
          minPerSecond: search.min ?? 0,
        },
        { signal },
      ),
    refetchInterval: search.until === undefined ? mapSpan(search).pollMs : false,
    placeholderData: keepPreviousData,
  });
}
