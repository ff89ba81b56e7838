import { connect } from "simplysocket";
import WebSocket from "ws";

export const socket = connect("ws://127.0.0.1:8080/ws", { WebSocket });
