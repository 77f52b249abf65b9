import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const SurgeView = (_: ViewProps) => <Loading />;
