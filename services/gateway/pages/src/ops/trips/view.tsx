import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const TripsView = (_: ViewProps) => <Loading />;
