"use strict";
const express = require("express");
const multer = require("multer");
const path = require("node:path");
const { eq } = require("drizzle-orm");
const { db } = require("../db");
const { books } = require("../schema");
const { HttpError } = require("../middleware/errors");
const { only } = require("../middleware/login");

const folder = path.resolve(process.env.LIBRARY_FILES ?? "covers");
const upload = multer({ dest: folder, limits: { fileSize: 500_000, files: 1 } });
const router = express.Router({ mergeParams: true });

router.post("/", only("librarian"), upload.single("cover"), async (req, res) => {
  if (!req.file) throw new HttpError(400, "send the picture as the field cover");
  await db.update(books).set({ cover: req.file.filename }).where(eq(books.id, req.book.id));
  res.status(201).json({ bytes: req.file.size, type: req.file.mimetype });
});

// Ranges and conditional requests come with sendFile.
router.get("/", (req, res, next) => {
  if (!req.book.cover) return next(new HttpError(404, "it has no cover"));
  res.type("png").sendFile(req.book.cover, { root: folder }, (error) => error && next(error));
});

module.exports = router;
