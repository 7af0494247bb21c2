// The applications are other packages, with compilers of their own.
declare module "*/express/app.js";
declare module "*/nest/dist/skein.js";
