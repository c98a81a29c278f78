import { useState } from "react";
import { Header } from "./Header.jsx";
import { Tea } from "./Tea.jsx";

const TEAS = [
  { name: "Assam", origin: "India", price: 4, colour: "#9c5a2e" },
  { name: "Sencha", origin: "Japan", price: 6, colour: "#8aa658" },
  { name: "Rooibos", origin: "South Africa", price: 5, colour: "#b3402a" },
];

export function App() {
  const [cups, setCups] = useState(0);
  return (
    <>
      <Header cups={cups} />
      <main className="teas">
        {TEAS.map((tea) => (
          <Tea key={tea.name} tea={tea} onAdd={() => setCups(cups + 1)} />
        ))}
      </main>
    </>
  );
}
