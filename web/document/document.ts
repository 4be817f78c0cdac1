import code from "drawer:document";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import "./document.css";
import { Writer } from "./writer";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Writer(pane));
startPage(code);
