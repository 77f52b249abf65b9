import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const PromosView = (_: ViewProps) => <Loading />;
