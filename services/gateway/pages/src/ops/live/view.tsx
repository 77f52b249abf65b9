import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const LiveView = (_: ViewProps) => <Loading />;
