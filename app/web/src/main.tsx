import "@fontsource-variable/atkinson-hyperlegible-next/wght.css";
import "@fontsource-variable/atkinson-hyperlegible-mono/wght.css";
import "./styles/theme.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/call.css";
import "./styles/board.css";
import "./styles/today.css";
import "./styles/plan.css";
import "./styles/narrow.css";
import { render } from "preact";
import { App } from "./app";

render(<App />, document.getElementById("console") as HTMLElement);
