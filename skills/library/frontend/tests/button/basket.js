let cups = 1;

document.getElementById('add').addEventListener('click', () => {
  cups += 1;
  document.getElementById('count').textContent = `${cups} tea`;
});
