'use strict';

/** How many pages `total` items fill; at least one. */
function pageCount(total, size) {
  if (!Number.isInteger(size) || size < 1) throw new RangeError('page size must be a positive integer');
  return Math.max(1, Math.ceil(total / size));
}

/** The numbers of the pages to show around `current`, at most `width` of them. */
function visiblePages(current, pages, width) {
  const half = Math.floor(width / 2);
  let first = Math.max(1, current - half);
  first = Math.max(1, Math.min(first, pages - width + 1));
  const last = Math.min(pages, first + width - 1);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Walks through a list page by page. */
class Paginator {
  constructor(items, { size = 10, width = 5 } = {}) {
    this.items = items;
    this.size = size;
    this.width = width;
    this.current = 1;
  }

  get pages() {
    return pageCount(this.items.length, this.size);
  }

  /** Go to a page; numbers out of range lead to the nearest page. */
  go(page) {
    this.current = Math.min(Math.max(1, page), this.pages);
    return this;
  }

  next() {
    return this.go(this.current + 1);
  }

  previous() {
    return this.go(this.current - 1);
  }

  slice() {
    const start = (this.current - 1) * this.size;
    return this.items.slice(start, start + this.size);
  }

  /** E.g. `11-20 of 34`. */
  describe() {
    if (this.items.length === 0) return 'nothing';
    const start = (this.current - 1) * this.size + 1;
    const end = Math.min(this.items.length, start + this.size - 1);
    return `${start}-${end} of ${this.items.length}`;
  }

  /** A navigation line; the current page is in brackets, gaps are dots. */
  navigation() {
    const numbers = visiblePages(this.current, this.pages, this.width);
    const parts = numbers.map((number) => (number === this.current ? `[${number}]` : String(number)));
    if (numbers[0] > 1) parts.unshift('...');
    if (numbers.at(-1) < this.pages) parts.push('...');
    return parts.join(' ');
  }
}

module.exports = { Paginator, pageCount, visiblePages };
