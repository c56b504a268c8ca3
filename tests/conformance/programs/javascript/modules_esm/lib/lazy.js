console.log("lazy loaded");
export default "lazy default";
export const value = 7;
