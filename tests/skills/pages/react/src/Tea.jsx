export function Tea({ tea, onAdd }) {
  return (
    <article className="tea">
      <div className="leaf" style={{ background: tea.colour }} />
      <h2>{tea.name}</h2>
      <p>
        {tea.origin}, {tea.price} euro
      </p>
      <button onClick={onAdd}>Add {tea.name}</button>
    </article>
  );
}
