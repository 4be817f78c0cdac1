import code from "drawer:ticker";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Client } from "./client";
import "./ticker.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Client(pane));
startPage(code);
