/** Trips: a list with filters, or one of them. */
import type { ViewProps } from "../sections";
import { TripList } from "./list";
import { OneTrip } from "./one";

export const TripsView = ({ id }: ViewProps) => (id ? <OneTrip id={id} /> : <TripList />);
