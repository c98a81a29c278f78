export function Header({ cups }) {
  return (
    <header className="header">
      <h1 className="brand">Leaf &amp; Cup</h1>
      <nav className="menu" aria-label="Shop">
        <a href="#teas">Teas</a>
        <a href="#about">About</a>
        <a href="#basket">Basket ({cups})</a>
      </nav>
    </header>
  );
}
