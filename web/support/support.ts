import code from "drawer:support";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Seat } from "./seat";
import "./support.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Seat(pane));
startPage(code);
