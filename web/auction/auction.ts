import code from "drawer:auction";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Bidder } from "./client";
import "./auction.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Bidder(pane));
startPage(code);
