/** Drivers: a list with filters, or one of them. */
import type { ViewProps } from "../sections";
import { DriverList } from "./list";
import { OneDriver } from "./one";

export const DriversView = ({ id }: ViewProps) => (id ? <OneDriver id={id} /> : <DriverList />);
