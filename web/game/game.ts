import code from "drawer:game";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Game } from "./client";
import "./game.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Game(pane));
startPage(code);
