import { Loading } from "../../ui/parts";
import type { ViewProps } from "../sections";

export const MoneyView = (_: ViewProps) => <Loading />;
