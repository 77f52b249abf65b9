/** The city that the page is of: the server's first, its default. */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
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

/** Look at another city. */
export const chooseCity = (id: string) => {
  city.value = cities.value.find((each) => each.id === id) ?? city.value;
};

/** Fetch it once; gives why that failed. */
export const useCity = (): unknown => {
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    if (city.value) return;
    get<{ items: City[] }>("/v1/cities").then(({ items }) => {
      cities.value = items;
      city.value = items[0] ?? null;
    }, setFailure);
  }, []);
  return failure;
};
