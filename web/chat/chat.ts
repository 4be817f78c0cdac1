import code from "drawer:chat";
import { el } from "../kit/dom";
import { startPage } from "../kit/page";
import { panes } from "../kit/panes";
import { Chat } from "./client";
import "./chat.css";

panes(el("main"), el<HTMLTemplateElement>("pane"), (pane) => new Chat(pane));
startPage(code);
