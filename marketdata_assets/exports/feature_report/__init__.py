"""One HTML page about a feature panel: the numbers it shows, the pictures, the page. Nothing in it is fetched from anywhere."""
