import code from "drawer:whiteboard";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Drawer } from "./client";
import "./whiteboard.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Drawer(pane));
startPage(code);
