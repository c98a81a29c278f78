const list = document.getElementById("prices");
const answer = await fetch("prices.json");
const prices = await answer.json();

for (const { tea, price } of prices) {
  const item = document.createElement("li");
  item.textContent = `${tea}: ${price} ${prices.currency}`;
  list.append(item);
}
