// What is kept of the texts in 10,000 requests of a mebibyte: less than 50 MB.
import { testKeptTexts } from '../support/kept-texts.js';

testKeptTexts(10_000);
