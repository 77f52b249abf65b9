/** The city that the page is of: the server's first, its default. */
import { effect, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { useZone } from "./format";
import { get, type Point } from "./http";

export interface City {
  id: string;
  name: string;
  currency: string;
  time_zone: string;
  categories: string[];
  service_area: { south: number; west: number; north: number; east: number };
  centre: Point;
  map_style_url: string | null;
}

export const cities = signal<City[]>([]);
export const city = signal<City | null>(null);

effect(() => useZone(city.value?.time_zone));

/** Look at another city. */
export const chooseCity = (id: string) => {
  city.value = cities.value.find((each) => each.id === id) ?? city.value;
};

const TRIED_AGAIN_MS = 3000;

/** Fetch it once, however often that has to be tried; gives why it failed. */
export const useCity = (): unknown => {
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      try {
        const { items } = await get<{ items: City[] }>("/v1/cities");
        cities.value = items;
        city.value ??= items[0] ?? null;
        setFailure(null);
      } catch (reason) {
        setFailure(reason);
        timer = setTimeout(look, TRIED_AGAIN_MS);
      }
    };
    if (!city.value) void look();
    return () => clearTimeout(timer);
  }, []);
  return failure;
};
