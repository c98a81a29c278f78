import unittest

from parcel import price, surcharge


class Prices(unittest.TestCase):
    def test_surcharges(self):
        self.assertEqual(surcharge(100, True), 150)
        self.assertEqual(surcharge(30_000, False), 900)

    def test_a_light_parcel(self):
        self.assertEqual(price(100), 500)

    def test_a_heavy_parcel_abroad(self):
        self.assertEqual(price(3_000, "JP"), 1_400)

    def test_a_fragile_parcel(self):
        self.assertEqual(price(100, fragile=True), 650)


if __name__ == "__main__":
    unittest.main()
