import code from "drawer:notifications";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Device } from "./device";
import "./notifications.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Device(pane));
startPage(code);
