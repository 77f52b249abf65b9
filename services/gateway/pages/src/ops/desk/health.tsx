import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const HealthView = (_: ViewProps) => <Loading />;
