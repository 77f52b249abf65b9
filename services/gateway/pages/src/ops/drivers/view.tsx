import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const DriversView = (_: ViewProps) => <Loading />;
